"""How the page looks: one column of reading width, formulas on a grid, results in a box.

A notebook has rules of its own for lists and tables, in selectors of up to two classes and two elements; ours come
later and must not be weaker.
"""

STYLE = """
.chainrule-page { margin: 0; background: #fdfdfb; }
.chainrule {
  --ink: #1c1e21; --soft: #5a6069; --faint: #c3c7cf; --paper: #fdfdfb; --panel: #f3f3ee; --line: #dcdcd4;
  --chosen: #c0402a; --way: #6d9bd6; --accent: #1f5fa8; --box: #eef4fb;
  box-sizing: border-box; max-width: 58rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem;
  color: var(--ink); background: var(--paper); font: 1.0625rem/1.6 Charter, "Iowan Old Style", Georgia, serif;
}
.chainrule math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", "Noto Sans Math", math; }
.chainrule h1 { font-size: 1.7rem; line-height: 1.25; margin: .4em 0 .6em; text-wrap: balance; }
.chainrule h2 { font-size: 1.25rem; margin: 2.4em 0 .6em; padding-top: .5em; border-top: 1px solid var(--line); }
.chainrule dl { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; margin: 0; font-size: .92rem; }
.chainrule dl div { display: flex; gap: .45em; }
.chainrule dl dt, .chainrule dl dd { float: none; width: auto; margin: 0; padding: 0; font-weight: 400; }
.chainrule dl dt { color: var(--soft); }
.chainrule dl dt::after { content: ":"; }
.chainrule nav { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 1.1rem 0 0; font-size: .92rem; }
.chainrule a { color: var(--accent); text-decoration: none; }
.chainrule a:hover, .chainrule a:focus-visible { text-decoration: underline; }
.chainrule p { margin: .9em 0 .45em; }
.chainrule .wide { overflow-x: auto; }
.chainrule .joined { white-space: nowrap; }
.chainrule table { border-collapse: collapse; font-size: .95rem; margin: 0; }
.chainrule tbody tr:nth-child(n) { background: none; }
.chainrule th { font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--faint); }
.chainrule td, .chainrule th { padding: .22rem 1.3rem .22rem 0; vertical-align: baseline; }
.chainrule td:nth-child(n), .chainrule th:nth-child(n) { text-align: left; }
.chainrule .chain {
  display: grid; grid-template-columns: max-content minmax(max-content, auto) 1fr; column-gap: .35em; row-gap: .5em;
  align-items: center; overflow-x: auto; margin: .45em 0; padding: .35em 0 .35em 1.4rem;
}
.chainrule .chain .left { text-align: right; }
.chainrule .chain .why { color: var(--soft); font-size: .88rem; line-height: 1.35; padding-left: 1.4em; }
.chainrule .chain.boxed {
  background: var(--box); border-left: 3px solid var(--accent); border-radius: 0 6px 6px 0;
  padding: .5em .8em .5em 1.2rem;
}
.chainrule .chain .shape {
  font-size: .82rem; color: var(--accent); border: 1px solid currentColor; border-radius: 999px; padding: 0 .55em;
  margin-right: .4em; white-space: nowrap;
}
.chainrule details { background: var(--panel); border-radius: 6px; padding: .1em 1rem; margin: .7em 0; }
.chainrule details[open] { padding-bottom: .6em; }
.chainrule summary { cursor: pointer; padding: .4em 0; color: var(--accent); }
.chainrule figure { margin: 1.4em 0; }
.chainrule figure svg { display: block; margin: 0 auto; max-width: 100%; height: auto; font-family: inherit; }
.chainrule figcaption { text-align: center; font-size: .9rem; color: var(--soft); }
.chainrule .cases mtd { text-align: left; }
@media (max-width: 40rem) {
  .chainrule { padding: 1rem .9rem 3rem; font-size: 1rem; }
  .chainrule .chain { grid-template-columns: max-content 1fr; padding-left: .3rem; }
  .chainrule .chain .why:empty { display: none; }
  .chainrule .chain .why { grid-column: 2; padding-left: 1.2em; }
  .chainrule .chain.boxed { padding-left: .7rem; }
  .chainrule td, .chainrule th { padding-right: .8rem; }
  .chainrule figure svg { max-width: none; }
}
@media (prefers-color-scheme: dark) {
  .chainrule-page { background: #16181c; }
  .chainrule {
    --ink: #e7e8ea; --soft: #a3a9b3; --faint: #4a505a; --paper: #16181c; --panel: #1e2127; --line: #2f343c;
    --chosen: #f08a6c; --way: #5f8fce; --accent: #86b6f0; --box: #1b2635;
  }
}
@media print {
  .chainrule-page, .chainrule { background: #fff; }
  .chainrule { max-width: none; font-size: 10.5pt; padding: 0;
    --ink: #000; --soft: #444; --paper: #fff; --panel: #f6f6f6; --box: #f4f7fb; --accent: #124a8a; }
  .chainrule nav { display: none; }
  .chainrule .chain, .chainrule figure, .chainrule tr { break-inside: avoid; }
  .chainrule .chain { overflow: visible; }
  .chainrule h2 { break-after: avoid; }
  .chainrule details:not([open])::details-content { content-visibility: visible; display: block; }
}
"""
