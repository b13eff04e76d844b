interface ProgressBarProps {
  label: string;
  /** From 0 to 1; nothing when nobody knows. */
  share: number | null;
}

export function ProgressBar({ label, share }: ProgressBarProps) {
  const percent = share === null ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div
      class={percent === undefined ? 'bar unknown' : 'bar'}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div class="bar-fill" style={percent === undefined ? {} : { inlineSize: `${percent}%` }} />
    </div>
  );
}
