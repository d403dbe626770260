import { release } from "../scene/contents";
import { loadChoice, type Choice } from "./gallery";
import type { LoadedScene } from "../scene/load";

export interface ChangeListener {
  /** Tell how far it is, until further notice. */
  readonly progress: (text: string) => void;
  /** Darken the view; resolves when nothing is seen. */
  readonly darken: (signal: AbortSignal) => Promise<void>;
  readonly take: (loaded: LoadedScene, choice: Choice) => void;
  readonly failed: (text: string) => void;
}

/** The change to another scene: it is loaded while the former one is shown, and replaces it in the dark. */
export class Change {
  #stop: AbortController | null = null;
  #choice: Choice | null = null;

  constructor(private readonly listener: ChangeListener) {}

  /** The scene that is being loaded, or null. */
  get choice(): Choice | null {
    return this.#choice;
  }

  /** Change to a scene, instead of any other. */
  async to(choice: Choice): Promise<void> {
    this.cancel();
    const stop = (this.#stop = new AbortController());
    const { signal } = stop;
    this.#choice = choice;
    let loaded: LoadedScene | null = null;
    try {
      loaded = await loadChoice(choice, signal, (text) => !signal.aborted && this.listener.progress(`${choice.name}: ${text}`));
      signal.throwIfAborted();
      await this.listener.darken(signal);
      this.listener.take(loaded, choice);
      loaded = null;
    } catch (error) {
      if (!signal.aborted) this.listener.failed(`Could not open ${choice.name}: ${(error as Error).message}`);
    } finally {
      if (loaded) release(loaded.root);
      if (this.#stop === stop) this.#choice = this.#stop = null;
    }
  }

  cancel(): void {
    this.#stop?.abort();
    this.#choice = this.#stop = null;
  }
}
