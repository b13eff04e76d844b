import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../errors.ts';
import { Icon, type IconName } from './icon.tsx';

interface ConfirmButtonProps {
  icon: IconName;
  label: string;
  question: string;
  /** What the button says that does it. */
  answer: string;
  disabled?: boolean;
  act: () => Promise<unknown>;
  /** What may be chosen besides. */
  children?: ComponentChildren;
}

/** A button for what cannot be undone: it asks first. */
export function ConfirmButton({
  icon,
  label,
  question,
  answer,
  disabled = false,
  act,
  children,
}: ConfirmButtonProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const doIt = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await act();
      setOpen(false);
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" class="button" disabled={disabled} onClick={() => setOpen(true)}>
        <Icon name={icon} /> {label}
      </button>
      <dialog ref={dialog} class="dialog" aria-label={label} onClose={() => setOpen(false)}>
        <p>{question}</p>
        {children}
        {problem && <p class="problem">{problem}</p>}
        <div class="actions">
          <button type="button" class="button" onClick={() => setOpen(false)}>
            Go back
          </button>
          <button type="button" class="button danger" disabled={isBusy} onClick={doIt}>
            {isBusy ? 'One moment…' : answer}
          </button>
        </div>
      </dialog>
    </>
  );
}
