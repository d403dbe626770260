customElements.define("kbvr-photo", class extends HTMLElement {});export {};
