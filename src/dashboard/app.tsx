import { useEffect, useState } from 'preact/hooks';
import { api } from './api/api.ts';
import { connection } from './api/connection.ts';
import { useSignal } from './api/signal.ts';
import { BuildPage } from './pages/build-page.tsx';
import { BuilderPage } from './pages/builder-page.tsx';
import { BuildsPage } from './pages/builds-page.tsx';
import { LoginPage } from './pages/login-page.tsx';
import { NewBuildPage } from './pages/new-build-page.tsx';
import { Frame } from './parts/frame.tsx';
import { type Route, useRoute } from './router.ts';

/** The login, or the page that the address names. */
export function App() {
  const state = useSignal(connection);
  const route = useRoute();
  const [isKnown, setKnown] = useState(false);
  useEffect(() => {
    void enter().finally(() => setKnown(true));
  }, []);
  if (!isKnown) return null;
  if (state === 'logged-out') return <LoginPage />;
  return (
    <Frame route={route}>
      <Page key={keyOf(route)} route={route} />
    </Frame>
  );
}

/** A page of another build is another page. */
const keyOf = (route: Route) => JSON.stringify(route);

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'builds':
      return <BuildsPage />;
    case 'build':
      return <BuildPage id={route.id} />;
    case 'new':
      return <NewBuildPage from={route.from} />;
    case 'builder':
      return <BuilderPage />;
    case 'unknown':
      return (
        <section class="empty">
          <h1>There is nothing here</h1>
          <p>
            Perhaps you look for <a href="/">the builds</a>?
          </p>
        </section>
      );
  }
}

/** Uses the code of a login address, which then leaves the address bar and the history. */
async function enter(): Promise<void> {
  const code = /^#login=(.+)$/.exec(location.hash)?.[1];
  if (code !== undefined) {
    history.replaceState(null, '', location.pathname);
    try {
      await api.login({ code });
      return;
    } catch {
      // Used or expired: the page below asks for the token, unless there is a session already.
    }
  }
  try {
    if (!(await api.session()).valid) connection.set('logged-out');
  } catch {
    // Lost: the first page that asks for something shows it.
  }
}
