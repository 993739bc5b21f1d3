import { defineConfig } from 'vite';

// Production builds only: a development server's modules are not what people ship.
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  logLevel: 'error',
  build: { target: 'es2022', emptyOutDir: true, sourcemap: false },
  worker: { format: 'es' },
});
