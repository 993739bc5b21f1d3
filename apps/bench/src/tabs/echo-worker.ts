/**
 * A hop and nothing else: what a message costs on its way from a page to the worker that leads, over
 * the same kinds of channels as an append. `leads`: answers itself; else it asks the one that leads.
 */
interface Asked {
  readonly leads: boolean;
  readonly channel: string;
  /** Of who introduces ports; absent: by `BroadcastChannel`. */
  readonly introducer?: MessagePort;
}

/** A worker as its own scope sees it. */
interface Scope {
  postMessage(message: unknown): void;
}

/** What a way there has in common: a channel that two have to themselves, or a port. */
type Way = Pick<MessagePort, 'postMessage' | 'onmessage'>;

function hop(scope: Scope, leads: boolean, way: Way): void {
  way.onmessage = ({ data: n }: MessageEvent<number>) => {
    if (leads) way.postMessage(n);
    else scope.postMessage(n);
  };
  addEventListener('message', ({ data: n }: MessageEvent<number>) => {
    if (leads) scope.postMessage(n);
    else way.postMessage(n);
  });
  scope.postMessage('ready');
}

function start({ leads, channel, introducer }: Asked): void {
  if (introducer === undefined) return hop(self, leads, new BroadcastChannel(channel) as Way);
  introducer.onmessage = ({ data }: MessageEvent<{ readonly port: MessagePort }>) =>
    hop(self, leads, data.port);
  introducer.postMessage({ meet: channel });
}

addEventListener('message', ({ data }: MessageEvent<Asked>) => start(data), { once: true });
