/** Control calls to an engine that answers what no engine would. */
import { afterEach, expect, test } from 'vitest';
import { newCalls } from './calls.ts';
import { controlClient } from './control-client.ts';
import type { ControlClient } from './control-client.ts';

const ports: MessagePort[] = [];

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** What no answer ends, the test's own time limit does: it comes before this deadline. */
const DEADLINE_MS = 600_000;

/** An engine that answers every call with `answer`. */
function clientOf(answer: object): ControlClient {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  port2.onmessage = ({ data: { id } }: MessageEvent<{ id: string }>) =>
    port2.postMessage({ ...answer, id });
  return controlClient(port1, newCalls(DEADLINE_MS));
}

const THROWN = { isError: true, value: { message: 'Unserializable return value' } };

test.each([
  ['undefined', { type: 'RAW', value: undefined }],
  ['null', { type: 'RAW', value: null }],
  ['what could not be cloned', { type: 'HANDLER', name: 'throw', value: THROWN }],
])('an answer that is none, %s, fails its call, and at once', async (_, answer) => {
  const call = clientOf(answer).call('status');
  await expect(call).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
});

test('an argument that cannot be cloned fails its call', async () => {
  // @ts-expect-error A function is no name.
  const call = clientOf({}).call('deleteStore', () => undefined);
  await expect(call).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
});
