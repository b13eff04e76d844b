import type { BuildView } from '../../http/schemas.ts';
import { requestFacts } from '../request-summary.ts';

/** What was asked for. */
export function RequestCard({ build }: { build: BuildView }) {
  const { script, ...rest } =
    'script' in build.request ? build.request : { ...build.request, script: undefined };
  return (
    <section class="card pane" aria-labelledby="request-title">
      <h2 id="request-title">Request</h2>
      <dl class="facts">
        {requestFacts(build.request).map(([term, value]) => (
          <>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </>
        ))}
        {build.builder && (
          <>
            <dt>Builder</dt>
            <dd>{build.builder}</dd>
          </>
        )}
      </dl>
      {script && (
        <details>
          <summary>Script</summary>
          <pre tabIndex={0}>{script}</pre>
        </details>
      )}
      <details>
        <summary>As JSON</summary>
        <pre tabIndex={0}>{JSON.stringify(script ? { ...rest, script: '…' } : rest, null, 2)}</pre>
      </details>
    </section>
  );
}
