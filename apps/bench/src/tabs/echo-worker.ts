/**
 * A hop and nothing else: what a message costs on its way from a page to the worker that leads, over
 * the same kinds of channels as an append. `leads`: answers itself; else it asks the one that leads.
 */
interface Asked {
  readonly leads: boolean;
  readonly channel: string;
}

/** A worker as its own scope sees it. */
interface Scope {
  postMessage(message: unknown): void;
}

function hop(scope: Scope, { leads, channel: name }: Asked): void {
  const channel = new BroadcastChannel(name);
  const me = crypto.randomUUID();
  channel.onmessage = ({ data }: MessageEvent<{ from: string; to?: string; n: number }>) => {
    if (leads && data.to === undefined) channel.postMessage({ ...data, to: data.from });
    else if (data.to === me) scope.postMessage(data.n);
  };
  addEventListener('message', ({ data: n }: MessageEvent<number>) => {
    if (leads) scope.postMessage(n);
    else channel.postMessage({ from: me, n });
  });
  scope.postMessage('ready');
}

addEventListener('message', ({ data }: MessageEvent<Asked>) => hop(self, data), { once: true });
