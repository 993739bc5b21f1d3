/**
 * A hop and nothing else: what a message costs on its way from a page to the worker that leads, over
 * the same kinds of channels as an append. `leads`: answers itself; else it asks the one that leads.
 */
interface Asked {
  readonly leads: boolean;
  readonly channel: string;
}

const toPage = self as unknown as { postMessage(message: unknown): void };

addEventListener(
  'message',
  ({ data }: MessageEvent<Asked>) => {
    const channel = new BroadcastChannel(data.channel);
    const me = crypto.randomUUID();
    channel.onmessage = ({
      data: said,
    }: MessageEvent<{ from: string; to?: string; n: number }>) => {
      if (data.leads && said.to === undefined) channel.postMessage({ ...said, to: said.from });
      else if (said.to === me) toPage.postMessage(said.n);
    };
    addEventListener('message', ({ data: n }: MessageEvent<number>) => {
      if (data.leads) toPage.postMessage(n);
      else channel.postMessage({ from: me, n });
    });
    toPage.postMessage('ready');
  },
  { once: true },
);
