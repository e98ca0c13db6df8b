#!/usr/bin/env python3
"""The independent checker of checker.py, on the elements of a Glim dataset instead of its own extraction.
  python check.py DATASET [--per 20] [--sites adminlte,sbadmin] ; serve.py must run.
Each element is looked up in the live page by its tag and its place, and then judged like any other."""
import argparse, collections, io, json, random, sys, glob
import pyarrow.parquet as pq
from PIL import Image, ImageStat
from playwright.sync_api import sync_playwright
from checker import CHECK as DOM_CHECK
# The box that is judged is the one in the data set, not the one of the DOM node.
CHECK=DOM_CHECK.replace('(idx) => {','([idx,boxes]) => {').replace('idx.map(i=>{ const el=E[i], r=el.getBoundingClientRect(), b=[r.left,r.top,r.right,r.bottom], A=r.width*r.height, f=[];','idx.map((i,n)=>{ const el=E[i], b=boxes[n], r={left:b[0],top:b[1],right:b[2],bottom:b[3],width:b[2]-b[0],height:b[3]-b[1]}, A=r.width*r.height, f=[];')
assert CHECK.count('boxes')==2
# The same, but text is judged by what the record says is painted: a heading's own words, not those of the list in it, and no
# words where it says that they are a name for readers of screens or a value.
CLAIM=CHECK.replace('([idx,boxes])','([idx,boxes,claims])').replace("const raw=(el.innerText||'').trim();","const raw=claims[n];").replace('if(!n.data.trim()) continue;',"const said=n.data.replace(/\\s+/g,' ').trim(); if(!said||!raw.toLowerCase().includes(said.toLowerCase())) continue;")
assert CLAIM.count('claims')==2 and CLAIM.count('said')==3
from peer import ARGS
FIND = r"""(wanted) => { const E=window.__els=[]; const deep=(x,y)=>{let d=document,e=null,l=null; do{l=e;e=d.elementFromPoint(x,y);d=e&&e.shadowRoot;}while(d&&e!==l); return e;};
 const all=[]; const walk=r=>{for(const e of r.querySelectorAll('*')){all.push(e); if(e.shadowRoot) walk(e.shadowRoot);}}; walk(document);
 const by={}; for(const e of all) (by[e.localName]??=[]).push(e);
 const iou=(a,b)=>{const w=Math.max(0,Math.min(a[2],b[2])-Math.max(a[0],b[0])),h=Math.max(0,Math.min(a[3],b[3])-Math.max(a[1],b[1])),s=w*h; return s/((a[2]-a[0])*(a[3]-a[1])+(b[2]-b[0])*(b[3]-b[1])-s+1e-9);};
 return wanted.map(({tag,box,point,clip})=>{ let best=null,score=0; const W=innerWidth,H=innerHeight;
  for(const e of by[tag]||[]){const r=e.getBoundingClientRect(); const b=[Math.max(0,r.left),Math.max(0,r.top),Math.min(W,r.right),Math.min(H,r.bottom)]; const s=iou(b,box); if(s>score){score=s;best=e;}}
  if(score<0.6){ let e=deep(point[0],point[1]); while(e&&e.localName!==tag) e=e.parentElement||(e.getRootNode()&&e.getRootNode().host)||null; if(e){best=e;} }
  if(!best) return -1; if(best.localName==='input'&&best.labels&&best.labels.length&&(+getComputedStyle(best).opacity<0.1||best.getBoundingClientRect().width<4)) best=best.labels[0]; E.push(best); const hull=[1e9,1e9,-1e9,-1e9]; for(const n of [best,...best.querySelectorAll('*'),...(best.labels||[])]){const q=n.getBoundingClientRect(); if(!q.width) continue; hull[0]=Math.min(hull[0],q.left);hull[1]=Math.min(hull[1],q.top);hull[2]=Math.max(hull[2],q.right);hull[3]=Math.max(hull[3],q.bottom);} const r={left:hull[0],top:hull[1],right:hull[2],bottom:hull[3]}; const inside=box[0]>=r.left-3&&box[1]>=r.top-4&&box[2]<=r.right+3&&box[3]<=r.bottom+4; return {i:E.length-1,score,inside}; }); }"""
def main():
    ap=argparse.ArgumentParser(); ap.add_argument('dataset'); ap.add_argument('--per',type=int,default=20); ap.add_argument('--port',type=int,default=8099); ap.add_argument('--sites',default=''); ap.add_argument('--pages',type=int,default=1000); ap.add_argument('--scroll',type=int,default=0); a=ap.parse_args()
    random.seed(11); rows=[]
    for f in sorted(glob.glob(a.dataset+'/data/*.parquet')):
        rows+=pq.read_table(f).to_pylist()
    rows=[r for r in rows if (not a.sites or r['site'].split('.')[0] in a.sites.split(','))]
    if a.scroll: rows=[r for r in rows if r['scroll'][1]>0]
    rows=rows[:a.pages]
    rules=f'MAP *.test:80 127.0.0.1:{a.port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'
    C=collections.Counter(); bad=tot=lost=untrue=0; wrong=[]; ex=collections.defaultdict(list); bysite=collections.defaultdict(lambda:[0,0]); amb=allel=nest=0; judged=[]
    with sync_playwright() as p:
        br=p.chromium.launch(executable_path='/usr/bin/chromium',args=ARGS+['--host-resolver-rules='+rules,'--disable-features=HttpsUpgrades','--hide-scrollbars','--font-render-hinting=none','--disable-lcd-text'])
        pg=br.new_context(viewport={'width':1280,'height':720}).new_page()
        for r in rows:
            try:
                pg.goto(r['final_url'],wait_until='load',timeout=20000); pg.wait_for_timeout(300)
                if r['scroll'][1]: pg.evaluate('y=>scrollTo({top:y,behavior:"instant"})',r['scroll'][1]); pg.wait_for_timeout(200)
            except Exception as e: print('FAIL',r['url'],str(e)[:80]); continue
            els=[e for e in r['elements'] if not e['frame']]; random.shuffle(els); els=els[:a.per] if a.per else els
            found=pg.evaluate(FIND,[{'tag':e['tag'],'box':e['box_px'],'point':e['point_px']} for e in els])
            ok=[(e,f) for e,f in zip(els,found) if f!=-1]; lost+=len(els)-len(ok)
            places=[[f['i'] for _,f in ok],[e['box_px'] for e,_ in ok]]; res=pg.evaluate(CHECK,places); claimed=pg.evaluate(CLAIM,places+[[e['text'] if e['text_source']=='painted' else '' for e,_ in ok]]); im=Image.open(io.BytesIO(r['image']['bytes'])).convert('RGB')
            for (e,f),x,y in zip(ok,res,claimed):
                fl=x['f']; b0=e['box_px']
                if not f['inside'] and f['score']<0.9: fl.append('moved_after_screenshot')
                c=[max(0,int(b0[0])),max(0,int(b0[1])),min(1280,int(b0[2]+.999)),min(720,int(b0[3]+.999))]
                if max(hi-lo for lo,hi in ImageStat.Stat(im.crop(c)).extrema)<=8: fl.append('blank_pixels')
                hard=[z for z in fl if not z.startswith('~')]; C.update(fl); tot+=1; bad+=bool(hard); true=[z for z in hard if not z.startswith('text_') or z in y['f']]; untrue+=bool(true)
                if true: wrong.append((r['final_url'],e['role'],e['text'][:40],[round(v) for v in b0],true))
                s=r['site'].split('.')[0]; bysite[s][0]+=1; bysite[s][1]+=bool(hard)
                for z in hard: ex[z].append((r['final_url'],e['role'],e['tag'],e['text'][:40],[round(v) for v in b0],[round(v) for v in x['b']]))
            by=collections.defaultdict(list)
            for e in r['elements']: by[e['text'].strip().lower()].append(e['box_px'])
            for t,bs in by.items():
                for i,q in enumerate(bs):
                    allel+=1
                    rel=[]
                    for j,y in enumerate(bs):
                        if j==i: continue
                        w=max(0,min(q[2],y[2])-max(q[0],y[0]));h=max(0,min(q[3],y[3])-max(q[1],y[1])); rel.append(w*h/max(1e-9,min((q[2]-q[0])*(q[3]-q[1]),(y[2]-y[0])*(y[3]-y[1]))))
                    nest+=any(v>0.8 for v in rel)
        br.close()
    print(json.dumps({'screens':len(rows),'judged':tot,'invalid':bad,'not_found_in_page':lost,'validity_%':round(100*(1-bad/max(1,tot)),2),'invalid_by_what_is_claimed':untrue,'validity_by_what_is_claimed_%':round(100*(1-untrue/max(1,tot)),2),'flags':dict(C.most_common()),'nested_duplicate_%':round(100*nest/max(1,allel),2),'by_site':{s:f'{v[1]}/{v[0]}' for s,v in sorted(bysite.items())}},indent=1))
    print('wrong by what is claimed'); [print('   ',one) for one in wrong]
    for k,v in ex.items():
        print(k,len(v))
        for one in v[:6]: print('   ',one)
main()
