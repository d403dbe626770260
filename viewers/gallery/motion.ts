/** Whether pictures move: at first as the system's settings have it, then as a person says. */
export class Motion {
  readonly #changed: (() => void)[] = [];
  #isOn = !matchMedia("(prefers-reduced-motion: reduce)").matches;

  constructor(private readonly button: HTMLButtonElement) {
    button.addEventListener("click", () => {
      this.#isOn = !this.#isOn;
      this.#tell();
    });
    this.#tell();
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  onChange(changed: () => void): void {
    this.#changed.push(changed);
  }

  #tell(): void {
    this.button.setAttribute("aria-pressed", String(this.#isOn));
    this.button.title = this.#isOn ? "Pictures move: turn motion off" : "Pictures stand still: turn motion on";
    for (const changed of this.#changed) changed();
  }
}
