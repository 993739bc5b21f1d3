/** The witness as one context sees it: each call takes its time. */
import type { Witness } from '../../host.ts';
import type { SimulatedContext } from './simulated-context.ts';

export function contextWitness(context: SimulatedContext, witness: Witness): Witness {
  const turn = async (): Promise<void> => {
    await context.turn();
    context.assertAlive();
  };
  return {
    async read(store) {
      await turn();
      return witness.read(store);
    },
    async write(store, entry) {
      await turn();
      await witness.write(store, entry);
    },
    async remove(store) {
      await turn();
      await witness.remove(store);
    },
    async list() {
      await turn();
      return witness.list();
    },
  };
}
