"""How the checked document looks: its source on the left, what was read and judged beside it."""

STYLE = """
.checked-page { margin: 0; background: #fdfdfb; }
.checked {
  --ink: #1c1e21; --soft: #5a6069; --line: #e4e4dc; --paper: #fdfdfb; --accent: #1f5fa8;
  --given: #6a6f78; --exact: #1e7a46; --scalar: #95600a; --wrong: #b3271e; --order: #7a3f9d; --unread: #5a6069;
  --tint: 9%;
  box-sizing: border-box; max-width: 76rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem;
  color: var(--ink); background: var(--paper); font: 1rem/1.5 Charter, "Iowan Old Style", Georgia, serif;
}
.checked *, .checked *::before { box-sizing: border-box; }
.checked math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", "Noto Sans Math", math; }
.checked code { font: .84rem/1.55 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.checked h1 { font-size: 1.6rem; line-height: 1.25; margin: .2em 0 .7em; overflow-wrap: anywhere; }
.checked ul, .checked ol { list-style: none; margin: 0; padding: 0; }
.checked a { color: var(--accent); }
.checked .given { --tone: var(--given); }
.checked .exact { --tone: var(--exact); }
.checked .scalar { --tone: var(--scalar); }
.checked .wrong { --tone: var(--wrong); }
.checked .order { --tone: var(--order); }
.checked .unread { --tone: var(--unread); }
.checked .counts { display: flex; flex-wrap: wrap; gap: .5rem .6rem; }
.checked .counts li {
  border: 1px solid color-mix(in srgb, var(--tone) 45%, transparent); border-radius: 8px; padding: .3rem .7rem .35rem;
  color: var(--tone); font-weight: 600;
}
.checked .counts i { display: block; color: var(--soft); font-style: normal; font-weight: 400; font-size: .82rem; }
.checked details { margin: 1rem 0 0; color: var(--soft); font-size: .92rem; }
.checked summary { cursor: pointer; }
.checked .definitions { padding: .3rem 0 0 1.1rem; color: var(--ink); }
.checked .note { margin: 1rem 0 0; padding-left: .8rem; border-left: 3px solid var(--scalar); }
.checked nav { display: flex; gap: .8rem; align-items: baseline; margin: 1.2rem 0 0; font-size: .95rem; }
.checked nav > span { color: var(--soft); }
.checked nav ul { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
.checked nav span { white-space: nowrap; }
.checked nav li { color: var(--tone); }
.checked .lines { margin-top: 1.6rem; border-top: 1px solid var(--line); }
.checked .lines > li {
  display: grid; grid-template-columns: 2.6rem minmax(0, 5fr) minmax(0, 6fr); column-gap: 1rem; padding: .4rem 0;
  align-items: start; scroll-margin-top: 1rem;
}
.checked .lines > li:not(.prose, .blank) + li:not(.prose, .blank) { border-top: 1px solid var(--line); }
.checked .lines > .prose { padding: .08rem 0; color: var(--soft); }
.checked .lines > .prose > :last-child { grid-column: 2 / -1; overflow-wrap: anywhere; }
.checked .heading { font-size: 1.12rem; font-weight: 600; color: var(--ink); padding-top: .9rem; }
.checked .prose:has(.heading) .number { padding-top: .9rem; }
.checked .words { color: var(--ink); }
.checked .lines > .blank { height: .7rem; padding: 0; }
.checked .lines > li:target { background: color-mix(in srgb, var(--accent) 8%, transparent); }
.checked .number { color: var(--soft); font-size: .78rem; line-height: 1.9; text-align: right; user-select: none; }
.checked .lines code { white-space: pre-wrap; overflow-wrap: anywhere; padding-top: .12rem; }
.checked mark {
  color: inherit; background: color-mix(in srgb, var(--tone) 18%, transparent); border-radius: 2px;
  text-decoration: underline wavy var(--tone) 1.5px; text-underline-offset: 4px; text-decoration-skip-ink: none;
}
.checked .cards { display: grid; gap: .45rem; min-width: 0; }
.checked .card {
  display: grid; grid-template-columns: 5.2rem minmax(0, 1fr); column-gap: .6rem; align-items: center;
  border-left: 3px solid color-mix(in srgb, var(--tone) 40%, transparent); border-radius: 0 6px 6px 0;
  padding: .1rem .7rem;
}
.checked .card:is(.wrong, .scalar, .order) {
  background: color-mix(in srgb, var(--tone) var(--tint), transparent); padding-block: .4rem;
  border-left-color: var(--tone);
}
.checked .verdict { color: var(--tone); font-size: .88rem; white-space: nowrap; }
.checked .card:is(.wrong, .scalar, .order) .verdict { font-weight: 600; }
.checked .formula { overflow-x: auto; overflow-y: hidden; padding: .15rem 0; }
.checked .given .formula { color: var(--soft); }
.checked .said { grid-column: 2; font-size: .92rem; min-width: 0; }
.checked .said p { margin: .25rem 0 0; overflow-x: auto; overflow-y: hidden; }
.checked .said .name { color: var(--exact); font-weight: 600; margin-right: .4em; }
.checked :is(.given, .exact, .unread) .said { color: var(--soft); }
@media (max-width: 56rem) {
  .checked { padding: 1rem .8rem 3rem; }
  .checked h1 { font-size: 1.35rem; }
  .checked .lines > li { grid-template-columns: 1.9rem minmax(0, 1fr); column-gap: .6rem; }
  .checked .cards { grid-column: 2; margin-top: .35rem; }
  .checked .counts li { padding: .2rem .55rem; }
}
@media (max-width: 40rem) {
  .checked .counts i { display: none; }
  .checked .card { grid-template-columns: minmax(0, 1fr); }
  .checked .said { grid-column: 1; }
}
@media (prefers-color-scheme: dark) {
  .checked-page { background: #16181c; }
  .checked {
    --ink: #e7e8ea; --soft: #a3a9b3; --line: #2b3038; --paper: #16181c; --accent: #86b6f0;
    --given: #99a0ab; --exact: #6fc793; --scalar: #e0b058; --wrong: #ff8d80; --order: #c9a0e6; --unread: #a3a9b3;
    --tint: 13%;
  }
}
@media print {
  .checked-page, .checked { background: #fff; }
  .checked { max-width: none; padding: 0; font-size: 9.5pt; --ink: #000; --soft: #444; --line: #ccc; --paper: #fff;
    --given: #444; --exact: #14572f; --scalar: #6e4605; --wrong: #8f1a12; --order: #5a2a78; --unread: #444; }
  .checked nav, .checked details:not([open]) { display: none; }
  .checked .lines > li, .checked .card { break-inside: avoid; }
  .checked .card, .checked mark { print-color-adjust: exact; }
  .checked .formula, .checked .said p { overflow: visible; }
}
"""
