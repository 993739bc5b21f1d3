/** Nested typed subrecords for payloads of `bytesCodec` logs. `varve/subrecords`. */
export {
  SUBRECORD_DEPTH_MAX,
  SUBRECORD_TYPE_MAX,
  SUBRECORD_VERSION_MAX,
  SubrecordReader,
  SubrecordWriter,
} from '@varve/bytes';
export type { PushOptions, SubrecordStep } from '@varve/bytes';
