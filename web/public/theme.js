// Before anything is painted: the theme that the person chose.
try {
  const theme = localStorage.getItem('kaiyuan-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Without storage the system's theme is shown.
}
