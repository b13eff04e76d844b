// The theme that was chosen, before the first paint; without a choice the system's preference holds.
try {
  const theme = localStorage.getItem('nexus-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the choice lasts as long as the page.
}
