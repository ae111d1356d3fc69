/** The page's style: the race's page, in fewer colours. */
const TEXT = `
:root{color-scheme:light dark;--paper:#fbfaf7;--ink:#1d1f24;--soft:#5c6069;--rule:#dcd8cf;--sunk:#f1eee7;--accent:#14655a;
--k0:#1d5fa8;--k1:#b3261e;--k2:#14655a;--k3:#6b3fa0;--k4:#7a5c00;--k5:#8a2f6b;--right:#14655a;--wrong:#b3261e}
@media(prefers-color-scheme:dark){:root{--paper:#14161a;--ink:#e9e7e2;--soft:#a5a9b3;--rule:#2e323a;--sunk:#1b1e24;--accent:#6fd0c0;
--k0:#79b4f5;--k1:#ff8a7d;--k2:#6fd0c0;--k3:#c4a1f2;--k4:#dcb650;--k5:#ec94c9;--right:#6fd0c0;--wrong:#ff8a7d}}
*{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);font:16px/1.6 ui-sans-serif,system-ui,'Segoe UI','PingFang SC','Noto Sans CJK SC','Microsoft YaHei',sans-serif;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1120px;padding:0 clamp(10px,4vw,40px) 64px}
header{padding:36px 0 8px}
header p{margin:2px 0 0;color:var(--soft)}
h1{font:600 clamp(1.3rem,3.2vw,2rem)/1.32 ui-serif,Georgia,'Songti SC','Noto Serif CJK SC',serif;margin:0}
h2{font-size:1.3rem;line-height:1.3;margin:0 0 10px}
h3{font-size:1rem;margin:22px 0 6px;overflow-wrap:anywhere}
h4{font-size:.9rem;margin:12px 0 4px}
small{font-weight:400;color:var(--soft);font-size:.875rem}
section{padding:28px 0;border-top:1px solid var(--rule)}
a{color:var(--accent);text-underline-offset:3px}
p{margin:8px 0;max-width:80ch;overflow-wrap:anywhere}
.fine{color:var(--soft);font-size:.875rem}
.refused b{margin-right:.4em}
ul{list-style:none;margin:0;padding:0}
.links{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0}
.plot li{display:grid;grid-template-columns:minmax(120px,240px) minmax(0,1fr) 12.5em;gap:14px;align-items:center}
.name{overflow-wrap:anywhere;line-height:1.3}
.value{font-variant-numeric:tabular-nums;font-size:.9rem;white-space:nowrap;color:var(--soft)}
.value b{color:var(--ink);display:inline-block;min-width:4.2em;text-align:right;margin-right:.5em}
.row{display:block;width:100%;overflow:visible;font-size:12px;fill:currentColor;color:var(--soft)}
.row line{stroke:currentColor;stroke-width:2}
.row .thin{stroke-width:1}
.row .grid{stroke:var(--rule);stroke-width:1}
.row .line{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.row .band{fill:var(--rule);opacity:.45}
.k0{color:var(--k0)}.k1{color:var(--k1)}.k2{color:var(--k2)}.k3{color:var(--k3)}.k4{color:var(--k4)}.k5{color:var(--k5)}
.unshown{color:var(--soft)}
.key{font-weight:700}
.scroll{overflow-x:auto;margin:8px 0}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;color:var(--soft)}
th,td{padding:5px 16px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{vertical-align:bottom}
.n{text-align:right}
td.n{white-space:nowrap}
code,pre{font:.86em/1.5 ui-monospace,Menlo,Consolas,monospace}
code{overflow-wrap:anywhere;unicode-bidi:isolate}
pre{background:var(--sunk);margin:4px 0;padding:8px 10px;white-space:pre-wrap;overflow-wrap:anywhere;max-height:28em;overflow-y:auto;border-radius:4px;unicode-bidi:isolate}
details{margin:8px 0}
summary{cursor:pointer;color:var(--accent)}
.failure{margin:0;border-bottom:1px solid var(--rule);padding:6px 0}
.failure>summary{color:var(--ink);overflow-wrap:anywhere}
.snippet{color:var(--soft);font-size:.875rem}
.verdict{font-size:.875rem;font-weight:600;margin-right:.5em;white-space:nowrap}
.right{color:var(--right)}.wrong{color:var(--wrong)}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:4px 28px;padding-bottom:10px}
.side{min-width:0}
.choices{overflow-wrap:anywhere}
.choices th,.choices td{padding-right:10px}
.taken{font-weight:600}
dl{display:grid;grid-template-columns:minmax(7em,auto) minmax(0,1fr);gap:2px 18px;margin:6px 0;font-size:.9rem}
dt{color:var(--soft)}dd{margin:0}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media(max-width:720px){header{padding-top:22px}section{padding:22px 0}.plot li{grid-template-columns:minmax(0,1fr) auto;gap:0 12px;padding:4px 0}.plot .row{grid-column:1/-1;grid-row:2}.axis span{display:none}dl{grid-template-columns:1fr}dd{margin-bottom:6px}}
@media print{pre{max-height:none}}
`

export const STYLE = TEXT.replaceAll('\n', '')
