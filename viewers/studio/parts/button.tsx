import type { ComponentChildren } from "preact";

import { Icon, type IconName } from "./icon";

interface ButtonProps {
  readonly icon: IconName;
  readonly label: string;
  /** Keys that do the same, for the tooltip. */
  readonly keys?: string;
  readonly onClick: () => void;
  readonly isPressed?: boolean;
  readonly disabled?: boolean;
  readonly class?: string;
}

/** A button that shows an icon; its label is its tooltip. */
export function IconButton({ icon, label, keys, onClick, isPressed, disabled, class: name = "" }: ButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${name}`}
      aria-label={label}
      title={keys ? `${label} (${keys})` : label}
      disabled={disabled ?? false}
      onClick={onClick}
      {...(isPressed !== undefined && { "aria-pressed": isPressed })}
    >
      <Icon name={icon} />
    </button>
  );
}

interface TextButtonProps {
  readonly icon?: IconName;
  readonly onClick: () => void;
  readonly class?: string;
  readonly isPressed?: boolean;
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
}

/** A button with words. */
export function Button({ icon, onClick, class: name = "", isPressed, disabled, children }: TextButtonProps) {
  return (
    <button
      type="button"
      class={`button ${name}`}
      disabled={disabled ?? false}
      onClick={onClick}
      {...(isPressed !== undefined && { "aria-pressed": isPressed })}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
