/** The stage while the depth is mended. */
export function MendStage() {
  return <div class="mend-stage" />;
}
