import { Icon } from '../parts/icon.tsx';

interface TypeButtonProps {
  button: { current: HTMLButtonElement | null };
  isInside: boolean;
  isLive: boolean;
  enter: () => void;
  leave: () => void;
}

/** The way into a machine for the keyboard, and where the focus is after the way out. */
export function TypeButton({ button, isInside, isLive, enter, leave }: TypeButtonProps) {
  return (
    <button
      type="button"
      class="tool"
      ref={button}
      aria-pressed={isInside}
      // Not disabled: the focus comes here when the connection is lost.
      aria-disabled={!isLive}
      // A press of the mouse would take the focus out of the machine before the click is there.
      onMouseDown={(event) => event.preventDefault()}
      onClick={isInside ? leave : enter}
    >
      <Icon name="keyboard" /> Type
    </button>
  );
}
