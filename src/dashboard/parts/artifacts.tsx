import { formatBytes } from '../../amounts.ts';
import type { Artifact } from '../../builds/build.ts';
import type { BuildView } from '../../http/schemas.ts';
import { api } from '../api/api.ts';
import { shellWord } from '../format.ts';
import { CopyLine } from './copy-line.tsx';
import { Icon } from './icon.tsx';

/** What a build has made, and the ways to get it. */
export function Artifacts({ build }: { build: BuildView }) {
  if (build.state !== 'succeeded') return null;
  return (
    <section class="card pane" aria-labelledby="artifacts-title">
      <h2 id="artifacts-title">{build.artifacts.length === 1 ? 'Artifact' : 'Artifacts'}</h2>
      {build.artifacts.length === 0 && <p class="muted">This build has made no files to fetch.</p>}
      {build.artifacts.map((artifact, index) => (
        <ArtifactItem
          key={artifact.name}
          build={build}
          artifact={artifact}
          retrieve={build.retrieve[index]}
        />
      ))}
    </section>
  );
}

interface ArtifactItemProps {
  build: BuildView;
  artifact: Artifact;
  /** The command that fetches it from the builder itself. */
  retrieve: string | undefined;
}

function ArtifactItem({ build, artifact: { name, bytes, sha256, path }, retrieve }: ArtifactItemProps) {
  const address = api.artifactAddress(build.id, name);
  const curl = `curl -fOH "Authorization: Bearer $(nexus token)" ${shellWord(location.origin + address)}`;
  return (
    <article class="artifact" aria-label={name}>
      <div class="artifact-head">
        <div class="artifact-name">
          <h3>{name}</h3>
          <span class="muted">{formatBytes(bytes)}</span>
        </div>
        <a class="button primary" href={address} download={name}>
          <Icon name="download" /> Download
        </a>
      </div>
      <CopyLine label="sha256" text={sha256} />
      <CopyLine label="path" text={path} />
      <CopyLine label="curl" text={curl} />
      {retrieve && <CopyLine label={retrieve.startsWith('scp ') ? 'scp' : 'builder'} text={retrieve} />}
    </article>
  );
}
