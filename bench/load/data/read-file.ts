import { open, stat } from 'node:fs/promises';
import { Failure } from '../../failure.ts';
import { wrongData } from './wrong-data.ts';

/** Largest file of text, CSV or JSON. */
const textLimitBytes = 256 * 1024 * 1024;
/** What one file may take of memory; also the most that Node reads at once. */
const binaryLimitBytes = 1024 * 1024 * 1024;

/** @throws Failure (usage) for a file that is missing, no regular file, larger than 1 GiB, or not to be read. */
export async function readBinaryFile(file: string): Promise<Buffer> {
  return readWhole(file, binaryLimitBytes);
}

/** Reads UTF-8 without its byte order mark. @throws Failure (usage) as readBinaryFile does, from 256 MiB on, and for other bytes. */
export async function readTextFile(file: string): Promise<string> {
  const bytes = await readWhole(file, textLimitBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw wrongData(`${file} is not UTF-8 text`, 'save it as UTF-8, or name a .npy file with that ending', error);
  }
}

async function readWhole(file: string, limitBytes: number): Promise<Buffer> {
  try {
    // A pipe without a writer would be waited for without end, and a device has none.
    const { size } = await regular(file);
    if (size > limitBytes) throw wrongData(`${file} is larger than ${limitBytes} bytes`, 'name a part of it');
    return await readAtMost(file, size);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw wrongData(missing ? `there is no ${file}` : `${file} cannot be read`, undefined, error);
  }
}

async function regular(file: string): Promise<{ size: number }> {
  const found = await stat(file);
  if (!found.isFile()) throw wrongData(`${file} is not a file`);
  return found;
}

/** No more than the file held when it was looked at: it may grow. */
async function readAtMost(file: string, size: number): Promise<Buffer> {
  await using handle = await open(file, 'r');
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
