/** The store cases over OPFS, inside a dedicated worker. */
import { serveCases } from '@varve/files/conformance';
import { createOpfsHost } from '@varve/files/opfs';
import { storeCases } from './store-cases.ts';

const host = createOpfsHost({ rootName: 'varve-store-cases', openWaitMs: 200 });

serveCases(
  self,
  storeCases(() => host, 'store'),
);
