import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

const thanksMs = 2000;

/** A command or a checksum, and a button that copies it. */
export function CopyLine({ label, text }: { label: string; text: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSaid(''), thanksMs);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => setSaid((await copyText(text)) ? 'Copied' : 'Press Ctrl-C');
  return (
    <div class="copy-line">
      <span class="copy-label">{label}</span>
      <code>{text}</code>
      <button type="button" class="tool bare" aria-label={`Copy ${label}`} title="Copy" onClick={copy}>
        <Icon name={said === 'Copied' ? 'check' : 'copy'} />
      </button>
      <span class="visually-hidden" role="status">
        {said}
      </span>
    </div>
  );
}

/** Browsers give the clipboard only to pages over HTTPS or from this machine. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  return isDone;
}
