/** Registers the service worker in built versions, and says when the demo can do without a network. */
export function workOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('./service-worker.js').catch((error: unknown) => {
    console.warn('Works only online: the service worker did not register.', error);
  });
}
