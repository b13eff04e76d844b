/** The candidates most like a mistyped word, best first, none when nothing is near. */
export function nearest(word: string, candidates: readonly string[], most = 3): string[] {
  const lower = word.toLowerCase();
  const farthest = Math.max(2, Math.ceil(word.length / 3));
  return candidates
    .map((candidate) => ({ candidate, distance: distanceTo(lower, candidate.toLowerCase(), farthest) }))
    .filter(({ distance }) => distance <= farthest)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance, except that a word which the other contains is near; not counted beyond `farthest`. */
function distanceTo(word: string, other: string, farthest: number): number {
  if (word.length > 1 && other.includes(word)) return 1;
  // So many letters have to be added or taken away at least; a word of a megabyte would take seconds to count.
  if (Math.abs(word.length - other.length) > farthest) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of word.split('').entries()) {
    const next = [i + 1];
    for (const [j, its] of other.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === its ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
