/** The other pictures and videos that the page's server lists. */

import { Problem } from "../shared/problem";

interface Listed {
  readonly name: string;
  readonly src: string;
}

/** Address of the list, which `kbvr view` puts into the page. */
const META = 'meta[name="kbvr-gallery"]';

export class List {
  private readonly address = document.querySelector<HTMLMetaElement>(META)?.content;
  private files: readonly Listed[] | null = null;
  private at: number | null = null;

  get isThere(): boolean {
    return this.address !== undefined;
  }

  /**
   * Return the file some places after the last one, all round, or after the one in the page's address.
   *
   * Returns null if there is no other. Throws Problem if the list cannot be read.
   */
  async go(by: number): Promise<{ readonly url: URL; readonly name: string } | null> {
    this.files ??= await this.read();
    const here = new URL(location.href);
    this.at ??= this.files.findIndex(({ src }) => src === here.searchParams.get("src"));
    const count = this.files.length;
    if (count < 2) return null;
    this.at = this.at < 0 ? 0 : (this.at + by + count) % count;
    const { src, name } = this.files[this.at]!;
    return { url: new URL(src, here), name };
  }

  /** Put the address of the file into the page's. */
  keep(): void {
    const file = this.at === null ? undefined : this.files?.[this.at];
    if (!file) return;
    const here = new URL(location.href);
    here.searchParams.set("src", file.src);
    history.replaceState(null, "", here.href.replaceAll("%2F", "/"));
  }

  private async read(): Promise<readonly Listed[]> {
    const answer = this.address ? await fetch(this.address).catch(() => null) : null;
    if (!answer?.ok) throw new Problem("Could not load the list of files.");
    return ((await answer.json()) as { stereo: readonly Listed[] }).stereo;
  }
}
