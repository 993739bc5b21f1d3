/**
 * A hop and nothing else: what a message costs on its way from a page to the worker that leads, over
 * the same kinds of channels as an append. `leads`: answers itself; else it asks the one that leads.
 * If asked to, the one that leads writes and flushes before it answers: what waits meanwhile falls
 * asleep, as it does while an append is on its way.
 */
interface Asked {
  readonly leads: boolean;
  readonly channel: string;
  /** Of who introduces ports; absent: by `BroadcastChannel`. */
  readonly introducer?: MessagePort;
}

/** What is asked of the one that leads. */
export type EchoKind = 'bare' | 'with a flush';

const RECORD = new Uint8Array(100).fill(7);

/** A worker as its own scope sees it. */
interface Scope {
  postMessage(message: unknown): void;
}

/** What a way there has in common: a channel that two have to themselves, or a port. */
type Way = Pick<MessagePort, 'postMessage' | 'onmessage'>;

function hop(scope: Scope, file: FileSystemSyncAccessHandle | undefined, way: Way): void {
  const lead = (kind: EchoKind): EchoKind => {
    if (kind === 'bare') return kind;
    file!.write(RECORD, { at: 0 });
    file!.flush();
    return kind;
  };
  const leads = file !== undefined;
  way.onmessage = ({ data }: MessageEvent<EchoKind>) => {
    if (leads) way.postMessage(lead(data));
    else scope.postMessage(data);
  };
  addEventListener('message', ({ data }: MessageEvent<EchoKind>) => {
    if (leads) scope.postMessage(lead(data));
    else way.postMessage(data);
  });
  scope.postMessage('ready');
}

async function start({ leads, channel, introducer }: Asked): Promise<void> {
  const file = leads ? await opened(channel) : undefined;
  if (introducer === undefined) return hop(self, file, new BroadcastChannel(channel) as Way);
  introducer.onmessage = ({ data }: MessageEvent<{ readonly port: MessagePort }>) =>
    hop(self, file, data.port);
  introducer.postMessage({ meet: channel });
}

async function opened(name: string): Promise<FileSystemSyncAccessHandle> {
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle(name, { create: true });
  return file.createSyncAccessHandle();
}

addEventListener('message', ({ data }: MessageEvent<Asked>) => void start(data), { once: true });
