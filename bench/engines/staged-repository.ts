import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const committed = fileURLToPath(new URL('../../model_repository', import.meta.url));

export const irisModel = 'sklearn-onnx';

/** A copy of the committed model repository that a test may change; it goes when disposed of. */
export class StagedRepository implements Disposable {
  readonly path: string;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'tritune-repository-'));
    cpSync(committed, this.path, { recursive: true });
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'utf8');
  }

  write(file: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.path, file)), { recursive: true });
    writeFileSync(join(this.path, file), content);
  }

  /** Another model with the ONNX file of the committed one; without `config` it has no config.pbtxt. */
  addModel(name: string, config?: string): void {
    this.addFile(name, 'model.onnx');
    if (config !== undefined) this.write(`${name}/config.pbtxt`, config);
  }

  /** A model like the committed one, its config.pbtxt changed in places that it must have. */
  addLikeCommitted(name: string, changes: Readonly<Record<string, string>> = {}): void {
    let text = this.read(`${irisModel}/config.pbtxt`).replace(`"${irisModel}"`, `"${name}"`);
    for (const [from, to] of Object.entries(changes)) {
      if (!text.includes(from)) throw new Error(`the committed config.pbtxt has no ${from}`);
      text = text.replace(from, to);
    }
    this.addModel(name, text);
  }

  addFile(model: string, fileName: string): void {
    mkdirSync(join(this.path, model, '1'), { recursive: true });
    cpSync(join(this.path, irisModel, '1', 'model.onnx'), join(this.path, model, '1', fileName));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
