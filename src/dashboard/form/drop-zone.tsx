import { useRef, useState } from 'preact/hooks';
import { formatBytes } from '../../amounts.ts';
import { messageOf } from '../../errors.ts';
import { Icon } from '../parts/icon.tsx';
import { chosenFiles, droppedFiles } from '../source/dropped-files.ts';
import { asSource, commonFolder } from '../source/source-files.ts';
import type { SourceFile } from '../source/tar.ts';
import { type FormState, withFiles } from './form-state.ts';
import { nameFrom } from './request-of.ts';

interface DropZoneProps {
  form: FormState;
  problem: string | undefined;
  change: (changes: Partial<FormState>) => void;
}

/** More names than this say nothing more. */
const mostShown = 8;

/** Takes files and folders, dropped or chosen. */
export function DropZone({ form, problem, change }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const [trouble, setTrouble] = useState<string>();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (found: readonly SourceFile[]) => {
    setTrouble(undefined);
    change(withFiles(form, asSource(found), suggestedName(found)));
  };
  const onDrop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    try {
      if (event.dataTransfer) take(await droppedFiles(event.dataTransfer));
    } catch (error) {
      setTrouble(`This cannot be read: ${messageOf(error)}`);
    }
  };
  const onChoose = (event: Event & { currentTarget: HTMLInputElement }) => {
    if (event.currentTarget.files) take(chosenFiles(event.currentTarget.files));
    // The same files can be chosen again after they were changed.
    event.currentTarget.value = '';
  };
  const said = trouble ?? problem;
  return (
    <div class="field">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is one more way; the buttons in it are for the keyboard. */}
      <div
        id="field-source"
        tabIndex={-1}
        class={isOver ? 'drop is-over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        {form.files.length === 0 ? <DropHint /> : <FileList files={form.files} />}
        <div class="actions">
          <button
            type="button"
            class="button"
            aria-describedby="field-source-more"
            onClick={() => files.current?.click()}
          >
            <Icon name="file" /> Choose files
          </button>
          <button type="button" class="button" onClick={() => folder.current?.click()}>
            <Icon name="folder" /> Choose a folder
          </button>
        </div>
        <input ref={files} type="file" multiple hidden aria-label="Files" onChange={onChoose} />
        <input
          ref={(element) => {
            folder.current = element;
            // Not among the attributes that Preact knows.
            if (element) element.webkitdirectory = true;
          }}
          type="file"
          hidden
          aria-label="Folder"
          onChange={onChoose}
        />
      </div>
      <p id="field-source-more" class="problem">
        {said}
      </p>
    </div>
  );
}

function DropHint() {
  return (
    <>
      <Icon name="upload" />
      <p>
        <strong>Drop a configuration.nix, or a folder</strong>
        <br />
        <span class="muted">with a configuration.nix, a flake.nix or a default.nix</span>
      </p>
    </>
  );
}

function FileList({ files }: { files: readonly SourceFile[] }) {
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  return (
    <div class="files">
      <p>
        <strong>
          {files.length} {files.length === 1 ? 'file' : 'files'}
        </strong>
        , {formatBytes(bytes)}
      </p>
      <ul class="tags">
        {files.slice(0, mostShown).map(({ path }) => (
          <li key={path} class="mono">
            {path}
          </li>
        ))}
        {files.length > mostShown && <li>{files.length - mostShown} more</li>}
      </ul>
    </div>
  );
}

/** After the folder, or the one file that has a name of its own. */
function suggestedName(files: readonly SourceFile[]): string {
  const folder = commonFolder(files.map(({ path }) => path));
  if (folder !== undefined) return nameFrom(folder);
  const only = files.length === 1 ? files[0]?.path.replace(/\.nix$/, '') : undefined;
  return only === undefined ? 'configuration' : nameFrom(only);
}
