/**
 * One client's append messages, on their way into its store.
 *
 * Always true:
 * - they are staged in the order in which they came, whatever their size: a record's place in the log
 *   is settled before the next message is looked at
 */
import type { Appended, AppendRequest, ClientStamp, StorePort } from '@varve/journal';
import { APPLICATION_TYPE_MIN, VarveError, newRecordFrame, readRecordFrame } from '@varve/protocol';
import type { AppendMessage, RecordFrame } from '@varve/protocol';
import type { Streams } from './streams.ts';

/** No `await` before the store is called: its answer may take its time, its turn may not. */
export function append(
  store: StorePort,
  streams: Streams,
  message: AppendMessage,
  stamp?: ClientStamp,
): Promise<Appended> {
  const { buffer, length, groups, durability, expect, stream } = message;
  const frames = new Uint8Array(buffer, 0, length);
  const wishes = {
    ...(durability !== undefined && { durability }),
    ...(expect !== undefined && { expect }),
    ...(stamp !== undefined && { stamp }),
  };
  if (stream === undefined) {
    const request: AppendRequest = { frames, ...(groups !== undefined && { groups }), ...wishes };
    return store.append(request);
  }
  const { type, channel } = emptyFrame(frames);
  return streams
    .commit(stream, { type, channel, ...wishes })
    .then((firstLsn) => ({ firstLsn, count: 1, groups: 1 }));
}

/** What kind of record a stream becomes. @throws BAD_MESSAGE */
function emptyFrame(bytes: Uint8Array): RecordFrame {
  const frame = newRecordFrame();
  const end = readRecordFrame(bytes, 0, bytes.length, frame);
  if (
    end !== bytes.length ||
    frame.payloadStart !== end ||
    frame.flags !== 0 ||
    frame.type < APPLICATION_TYPE_MIN
  ) {
    throw new VarveError('BAD_MESSAGE', 'a stream ends with the head of its record', {
      outcome: 'not-written',
    });
  }
  return frame;
}
