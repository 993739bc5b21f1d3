import { openLog, VarveError } from 'varve';

export async function diary(text: string): Promise<string[]> {
  const log = await openLog<{ text: string }>('diary');
  await log.append({ text }).catch((error: unknown) => {
    if (!(error instanceof VarveError) || error.outcome === 'unknown') throw error;
    console.warn('not written, nothing happened:', error.code, error.facts);
  }); // resolved: the entry is durable
  const lines: string[] = [];
  for await (const { lsn, value } of log.read()) lines.push(`${lsn} ${value.text}`);
  await log.close();
  return lines;
}
