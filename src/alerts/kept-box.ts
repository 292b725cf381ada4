import type { AlertBox } from '../relay/alert.ts';
import type { StateFile } from './state-file.ts';

/** In a storm the file is not written more often than this; a crash loses no more than this. */
const writeEveryMs = 1_000;
const version = 1;

/** Keeps the newest state of a box in its file, one write after the other. */
export class KeptBox {
  readonly #file: StateFile;
  readonly #failed: (detail: string) => void;
  #writing: Promise<void> | null = null;
  #rest: NodeJS.Timeout | undefined;
  /** Not in the file yet. */
  #pending: AlertBox | null = null;
  #wasFailing = false;

  constructor(file: StateFile, failed: (detail: string) => void) {
    this.#file = file;
    this.#failed = failed;
  }

  /** Null: nothing was kept. */
  read(): AlertBox | null {
    try {
      const kept = this.#file.read() as { version?: unknown; box?: AlertBox } | null;
      return kept?.version === version && kept.box !== undefined ? kept.box : null;
    } catch (error) {
      this.#failed(String(error));
      return null;
    }
  }

  write(box: AlertBox): void {
    this.#pending = box;
    if (this.#writing === null && this.#rest === undefined) this.#begin();
  }

  writeNow(box: AlertBox): void {
    try {
      this.#file.writeNow({ version, box });
    } catch (error) {
      this.#failed(String(error));
    }
  }

  /** Resolves when the newest state is in the file, or could not be written. */
  async settled(): Promise<void> {
    clearTimeout(this.#rest);
    this.#rest = undefined;
    await this.#writing;
    if (this.#pending !== null) await this.#write();
  }

  #begin(): void {
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
      this.#rest = setTimeout(() => {
        this.#rest = undefined;
        if (this.#pending !== null) this.#begin();
      }, writeEveryMs).unref();
    });
  }

  async #write(): Promise<void> {
    const box = this.#pending;
    this.#pending = null;
    try {
      await this.#file.write({ version, box });
      this.#wasFailing = false;
    } catch (error) {
      // Once for a disk that is full, not once a second.
      if (!this.#wasFailing) this.#failed(String(error));
      this.#wasFailing = true;
    }
  }
}
