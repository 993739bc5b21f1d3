import { describe, expect, test } from 'vitest';

describe('on a server', () => {
  test('importing touches no global, and opening says that this is no place for it', async () => {
    const globals = new Set(Object.getOwnPropertyNames(globalThis));
    const symbols = Object.getOwnPropertySymbols(globalThis).length;
    const { openLog } = await import('./index.ts');
    const { listStores } = await import('./stores.ts');
    expect(Object.getOwnPropertyNames(globalThis).filter((name) => !globals.has(name))).toEqual([]);
    expect(Object.getOwnPropertySymbols(globalThis)).toHaveLength(symbols);
    await expect(openLog('x')).rejects.toMatchObject({ code: 'CONTEXT_UNSUPPORTED' });
    await expect(listStores()).rejects.toMatchObject({ code: 'CONTEXT_UNSUPPORTED' });
    await expect(openLog('x')).rejects.toMatchObject({ code: 'CONTEXT_UNSUPPORTED' });
  });
});
