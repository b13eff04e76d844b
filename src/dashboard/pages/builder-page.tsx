export function BuilderPage() {
  return <p>todo</p>;
}
