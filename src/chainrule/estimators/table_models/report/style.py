"""How a report looks: light and dark as the reader's system is, from a telephone's width to a desk's, and in print."""

STYLE = """
:root { color-scheme: light dark; --ground: #fbfbfa; --card: #fff; --ink: #1d2126; --soft: #5c6670; --line: #dfe3e7;
  --one: #2563c9; --two: #c2560c; --kept: #2c8a57; --note: #8a5a00; --shade: 37 99 201; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --card: #1c2024; --ink: #e7eaed; --soft: #9aa5b0;
  --line: #333a41; --one: #77a8ff; --two: #ff9d5c; --kept: #5fcf93; --note: #e2b457; --shade: 119 168 255; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 28px 16px 48px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 10px; }
p { margin: 0 0 10px; }
.soft, figcaption { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px;
  margin-top: 16px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 16px 28px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: 10px; margin-top: 16px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 14px; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .85rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .88rem; text-align: left; padding-bottom: 6px; }
svg { display: block; width: 100%; max-width: 520px; height: auto; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--soft); }
svg text.strong { fill: var(--ink); font-weight: 600; font-size: 12px; }
.grid { stroke: var(--line); stroke-width: .7; }
.axis { stroke: var(--soft); stroke-width: 1; }
.one, .two, .even { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.one { stroke: var(--one); } .two { stroke: var(--two); }
.even { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; }
.kept { stroke: var(--kept); stroke-width: 1.4; stroke-dasharray: 2 3; }
.dots circle { fill: var(--one); fill-opacity: .55; }
.edges line { stroke: var(--soft); stroke-opacity: .2; stroke-width: .6; }
.units circle { fill: var(--card); stroke: var(--one); stroke-width: 1.6; }
.key::before { content: ""; display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin: 0 5px 3px 0;
  background: currentColor; }
.key { margin-right: 14px; white-space: nowrap; } .key.one { color: var(--one); } .key.two { color: var(--two); }
.key.kept { color: var(--kept); }
.wide { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); white-space: nowrap; }
td { overflow-wrap: break-word; max-width: 26rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.best { font-weight: 700; }
.matrix td, .matrix th { text-align: right; padding: 4px 8px; font-variant-numeric: tabular-nums; }
.matrix td { background: rgb(var(--shade) / calc(var(--share) * .55)); border: 1px solid var(--card); }
.many { font-size: .75rem; } .many td, .many th { padding: 3px 4px; }
.wide td:first-child, .wide th:first-child { position: sticky; left: 0; background: var(--card); }
.notes { margin: 0; padding-left: 1.1em; } .notes li::marker { color: var(--note); }
details summary { cursor: pointer; color: var(--one); }
pre { overflow-x: auto; font: 12.5px/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; margin: 10px 0 0; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: .85rem; margin-top: 20px; }
@media print { section { break-inside: avoid; border: none; padding: 0; } details { display: none; } }
"""
