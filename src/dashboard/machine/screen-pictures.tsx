import { useEffect, useState } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import { api } from '../api/api.ts';

const pauseMs = 700;

/** The next picture is asked for when the last one is here, so a slow line shows fewer and is never behind. */
export function ScreenPictures({ boot }: { boot: LiveBoot }) {
  const [number, setNumber] = useState(0);
  const [isLoaded, setLoaded] = useState(false);
  useEffect(() => {
    if (!isLoaded) return;
    const next = setTimeout(() => {
      setLoaded(false);
      setNumber((last) => last + 1);
    }, pauseMs);
    return () => clearTimeout(next);
  }, [isLoaded]);
  const loaded = () => setLoaded(true);
  return (
    <img
      class="boot-screen"
      src={api.bootScreen(boot.id, number)}
      alt={`The screen of ${boot.artifact}, as it is now`}
      onLoad={loaded}
      onError={loaded}
    />
  );
}
