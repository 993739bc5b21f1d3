/** Registers the service worker in built versions, so that the demo can do without a network. */
import { toast } from './ui/toast.ts';

export function workOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  if (serviceWorker.controller !== null) {
    serviceWorker.addEventListener('controllerchange', () =>
      toast('A newer version of the demo is here.', {
        action: { label: 'Reload', run: () => location.reload() },
        staysMs: 30_000,
      }),
    );
  }
  serviceWorker.register('./service-worker.js').catch((error: unknown) => {
    console.warn('Works only online: the service worker did not register.', error);
  });
}
