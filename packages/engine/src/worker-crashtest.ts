/**
 * The engine for crash tests: the same, over files that can park the worker at a named point.
 *
 * A test names the point in the worker's own name (`park=journal:before-write&skip=3`) or sends
 * `{ kind: 'varve:park', point, skip }`. The worker posts `{ kind: 'varve:parked', point }` and stops.
 */
import { browserServices } from './browser-services.ts';
import { parkForever, withKillPoints } from './kill-points.ts';
import type { KillPoint, Park } from './kill-points.ts';
import { receiveHello } from './engine.ts';
import { serve } from './serve.ts';

const named = new URLSearchParams(self.name);
const first = named.get('park');
let park: Park | undefined =
  first === null ? undefined : { point: first as KillPoint, skip: Number(named.get('skip') ?? 0) };

addEventListener('message', ({ data }: MessageEvent) => {
  if (data?.kind === 'varve:park') park = { point: data.point, skip: data.skip ?? 0 };
});

function reach(point: KillPoint): void {
  if (park?.point !== point || park.skip-- > 0) return;
  postMessage({ kind: 'varve:parked', point });
  parkForever();
}

serve(() => browserServices((host) => withKillPoints(host, reach)), receiveHello);
