/**
 * One client's append messages, on their way into its store.
 *
 * Always true:
 * - they are staged in the order in which they came, whatever their size: a record's place in the log
 *   is settled before the next message is looked at
 */
import type { Appended, AppendRequest, ClientStamp, StorePort } from '@varve/journal';
import {
  APPLICATION_TYPE_MIN,
  VarveError,
  asVarveError,
  newRecordFrame,
  readRecordFrame,
  withOutcome,
} from '@varve/protocol';
import type { AppendMessage, RecordFrame } from '@varve/protocol';
import { streamLost } from './relay.ts';
import type { Streams, UnitRecord } from './streams.ts';

/** Stands for a stream that is over: whoever sent its end asks only whether the log has it. */
export const ENDED_STREAM = 0;
const NO_LSN = -1;

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
  const record = { type, channel, ...wishes };
  const isAsked = stream === ENDED_STREAM && stamp?.isRepeated === true;
  const committed = isAsked ? committedBefore(store, record) : streams.commit(stream, record);
  return committed.then((firstLsn) => ({ firstLsn, count: 1, groups: 1 }));
}

/** The log says by the record's stamp; if it was never there it will not be, for its bytes are gone. */
async function committedBefore(store: StorePort, record: UnitRecord): Promise<number> {
  const unit = await store.openUnit().catch((error: unknown) => {
    throw withOutcome(asVarveError(error), 'unknown');
  });
  try {
    return await unit.commit({ ...record, expect: NO_LSN });
  } catch (cause) {
    unit.abort();
    const error = asVarveError(cause);
    if (error.code === 'CONFLICT') throw streamLost('not-written');
    throw error.code === 'LEADER_LOST' ? error : withOutcome(error, 'unknown');
  }
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
