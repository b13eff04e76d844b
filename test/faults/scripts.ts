/** A build of which every line and every byte can be accounted for. */
export interface Counting {
  lines: number;
  /** Between two lines. */
  pauseMs?: number;
  /** Size of its artifact; none when it is 0. */
  bytes?: number;
  /** Exit status. */
  status?: number;
}

/** Counts its lines into the log, tells of it now and then, and delivers a file of random bytes. */
export function countingScript({ lines, pauseMs = 0, bytes = 0, status = 0 }: Counting): string {
  const pause = pauseMs > 0 ? `sleep ${pauseMs / 1000}` : ':';
  const deliver = bytes > 0 ? `head -c ${bytes} /dev/urandom > counted.bin\nnexus-artifact counted.bin` : ':';
  return `for ((line = 1; line <= ${lines}; line++)); do
  echo "line $line of ${lines}"
  if ((line % 25 == 0)); then nexus-phase counting "$line"; fi
  ${pause}
done
${deliver}
exit ${status}
`;
}
