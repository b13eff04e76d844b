/** How to get in, and how to get out again. */
export function KeysHint({ isInside, enter }: { isInside: boolean; enter: string }) {
  return (
    <p class="machine-foot" role="status">
      {isInside ? (
        <>
          Keys go to the machine. To leave it, press and let go <kbd>Ctrl</kbd> <kbd>Alt</kbd> together, or
          press Type again.
        </>
      ) : (
        <>
          {enter} <kbd>Ctrl</kbd> <kbd>Alt</kbd> lets go of it.
        </>
      )}
    </p>
  );
}
