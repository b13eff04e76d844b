import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { api } from '../api/api.ts';
import { connection } from '../api/connection.ts';
import { usePolled } from '../api/poll.ts';
import { useSignal } from '../api/signal.ts';
import { builderLook } from '../builder-look.ts';
import type { Route } from '../router.ts';
import { Icon, Logo } from './icon.tsx';
import { ThemeButton } from './theme-button.tsx';

const pollMs = 4000;

/** What is around every page: the way to the others, the builder's state, and whether the server is there. */
export function Frame({ route, children }: { route: Route; children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    // A reader of the screen is told that this is another page; the first one it reads anyway.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [JSON.stringify(route)]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <div class="top-inner">
          <a class="brand" href="/">
            <Logo />
            <span>Nexus Builder</span>
          </a>
          <nav aria-label="Pages">
            <PageLink href="/" icon="list" label="Builds" isCurrent={route.page === 'builds'} />
            <PageLink href="/builder" icon="chip" label="Builder" isCurrent={route.page === 'builder'}>
              <BuilderDot />
            </PageLink>
          </nav>
          <div class="top-end">
            <a class="button primary" href="/new" aria-current={route.page === 'new' ? 'page' : undefined}>
              <Icon name="plus" /> <span>New build</span>
            </a>
            <ThemeButton />
            <LogoutButton />
          </div>
        </div>
      </header>
      <ConnectionBanner />
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

interface PageLinkProps {
  href: string;
  icon: 'list' | 'chip';
  label: string;
  isCurrent: boolean;
  children?: ComponentChildren;
}

function PageLink({ href, icon, label, isCurrent, children }: PageLinkProps) {
  return (
    <a href={href} aria-current={isCurrent ? 'page' : undefined}>
      <Icon name={icon} /> <span>{label}</span>
      {children}
    </a>
  );
}

function BuilderDot() {
  const { value } = usePolled(api.builder, pollMs);
  if (!value) return null;
  const { tone, label } = builderLook[value.state];
  return (
    <span class={`dot tone-${tone}`} title={label}>
      <span class="visually-hidden">: {label}</span>
    </span>
  );
}

function LogoutButton() {
  const logout = async () => {
    await api.logout();
    connection.set('logged-out');
  };
  return (
    <button type="button" class="tool bare" aria-label="Log out" title="Log out" onClick={logout}>
      <Icon name="leave" />
    </button>
  );
}

/** Says when the server is lost; what was on the page stays there, and goes on when it is back. */
function ConnectionBanner() {
  const state = useSignal(connection);
  return (
    <div role="status" class="banner-place">
      {state === 'lost' && (
        <p class="banner">
          <span class="pulse" /> The orchestrator does not answer. What you see may be old; the page goes on
          by itself when it is back.
        </p>
      )}
    </div>
  );
}
