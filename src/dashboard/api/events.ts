import { useEffect, useRef, useState } from 'preact/hooks';
import type { BuildEvent } from '../../builds/event.ts';
import type { BuildView } from '../../http/schemas.ts';
import { api } from './api.ts';
import { LostError } from './call.ts';

/** What has happened to a build so far; asked for whenever its record shows that there is more. */
export function useEvents(build: BuildView | undefined): readonly BuildEvent[] {
  const [events, setEvents] = useState<readonly BuildEvent[]>([]);
  const known = useRef<readonly BuildEvent[]>([]);
  useEffect(() => {
    if (!build) return;
    let isOver = false;
    const since = known.current.at(-1)?.n ?? 0;
    api
      .events(build.id, since)
      .then(({ events }) => {
        // An answer that comes after that of a later question has nothing new.
        if (isOver || (known.current.at(-1)?.n ?? 0) !== since) return;
        known.current = [...known.current, ...events];
        setEvents(known.current);
      })
      .catch((error: unknown) => {
        // Lost: the record comes again when the server is back, and this is asked again.
        if (!(error instanceof LostError)) console.warn('The events cannot be read', error);
      });
    return () => {
      isOver = true;
    };
  }, [build && `${build.id} ${build.state} ${build.phase} ${build.attempt} ${build.cancelling}`]);
  return events;
}
