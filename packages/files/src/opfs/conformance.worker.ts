/** The conformance suite over OPFS, inside a dedicated worker. */
import { conformanceCases, serveCases } from '../conformance/index.ts';
import { createOpfsHost } from './index.ts';

const host = createOpfsHost({ rootName: 'varve-conformance', openWaitMs: 200 });

serveCases(
  self,
  conformanceCases(() => host, undefined, { inbox: true }),
);
