/** The candidates most like a mistyped word, best first, none when nothing is near. */
export function nearest(word: string, candidates: readonly string[], most = 3): string[] {
  const lower = word.toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, distance: distanceTo(lower, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, Math.ceil(word.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance, except that a word which begins or contains the other is near. */
function distanceTo(word: string, other: string): number {
  if (word.length > 1 && other.includes(word)) return 1;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...word].entries()) {
    const next = [i + 1];
    for (const [j, its] of [...other].entries()) {
      const replaced = (row[j] ?? 0) + (letter === its ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
