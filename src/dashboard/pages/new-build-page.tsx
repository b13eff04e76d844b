export function NewBuildPage({ from }: { from: string | null }) {
  return <p>{from}</p>;
}
