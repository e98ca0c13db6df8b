#!/usr/bin/env python3
"""Box-validity audit. Same extraction as bench_crawl.py, then independent checks per box in the live page + screenshot pixels.
  python check_boxes.py --mode naive --pages 50 --per 20"""
import argparse, json, random, io, collections
from playwright.sync_api import sync_playwright
from PIL import Image, ImageStat
from peer import MODES, ARGS
CHECK = r"""(idx) => { const W=innerWidth,H=innerHeight, E=window.__els;
 const deep=(x,y)=>{let d=document,e=null,l=null; do{l=e;e=d.elementFromPoint(x,y);d=e&&e.shadowRoot;}while(d&&e!==l); return e;};
 const clipBox=(el)=>{ let c=[0,0,W,H]; let pos=getComputedStyle(el).position; for(let p=el.parentElement;p;p=p.parentElement){const s=getComputedStyle(p);
   if(pos==='fixed'&&!(s.transform!=='none')) {continue;} 
   if(pos==='absolute'&&s.position==='static'&&s.transform==='none'){continue;}
   if((s.overflowX!=='visible'||s.overflowY!=='visible')&&p!==document.body&&p!==document.documentElement){const r=p.getBoundingClientRect();
     c=[Math.max(c[0],r.left),Math.max(c[1],r.top),Math.min(c[2],r.right),Math.min(c[3],r.bottom)];}
   pos=s.position; } return c; };
 const inter=(a,b)=>Math.max(0,Math.min(a[2],b[2])-Math.max(a[0],b[0]))*Math.max(0,Math.min(a[3],b[3])-Math.max(a[1],b[1]));
 return idx.map(i=>{ const el=E[i], r=el.getBoundingClientRect(), b=[r.left,r.top,r.right,r.bottom], A=r.width*r.height, f=[];
  const cx=(b[0]+b[2])/2, cy=(b[1]+b[3])/2;
  if(r.width<=2||r.height<=2) f.push('zero_size');
  const vf=inter(b,[0,0,W,H])/A; if(cx<0||cy<0||cx>=W||cy>=H) f.push('offscreen_center'); else if(vf<0.99) f.push(vf<0.5?'viewport_clip<50%':'~viewport_clip_partial');
  if(vf>0 && inter(b,clipBox(el))/(A*vf)<0.5) f.push('ancestor_overflow_clip');
  let op=1; for(let p=el;p;p=p.parentElement){op*=parseFloat(getComputedStyle(p).opacity);} 
  if(op<0.1||!el.checkVisibility({visibilityProperty:true,opacityProperty:true,contentVisibilityAuto:true})) f.push('transparent');
  if(!f.includes('offscreen_center')){ const t=deep(cx,cy); const pe=getComputedStyle(el).pointerEvents==='none';
    const okHit=t&&(t===el||el.contains(t)||(el.shadowRoot&&el.shadowRoot.contains(t))||(el.tagName==='LABEL'&&el.control===t)||(t.tagName==='LABEL'&&t.control===el));
    if(!okHit&&!pe){ if(t&&t.contains(el)) f.push('center_hits_ancestor'); else f.push('occluded'); } 
    if(pe) f.push('~pointer_events_none');
  }
  // text overlap: rendered text fragments vs box
  const raw=(el.innerText||'').trim(); if(raw){ const w=document.createTreeWalker(el,NodeFilter.SHOW_TEXT); let n,tot=0,ins=0,hit=0,k=0; const cb=clipBox(el);
    while((n=w.nextNode())){ if(!n.data.trim()) continue; const g=document.createRange(); g.selectNodeContents(n); for(const q of g.getClientRects()){ const qa=q.width*q.height; if(qa<1) continue; const qb=[q.left,q.top,q.right,q.bottom];
       tot+=qa; const vis=[Math.max(b[0],cb[0]),Math.max(b[1],cb[1]),Math.min(b[2],cb[2]),Math.min(b[3],cb[3])]; ins+=inter(qb,vis);
       const x=(q.left+q.right)/2,y=(q.top+q.bottom)/2; if(k<6&&x>=0&&y>=0&&x<W&&y<H){k++; const t=deep(x,y); if(t&&(t===el||el.contains(t)||t.contains(n.parentElement)&&getComputedStyle(el).pointerEvents==='none')) hit++;} } }
    if(tot===0) f.push('text_not_rendered'); else if(ins/tot<0.5) f.push('text_outside_box<50%'); else if(ins/tot<0.95) f.push('~text_partially_cut'); if(k&&hit===0&&!f.includes('occluded')) f.push('text_occluded'); }
  return {i,b,f}; }); }"""
def main():
    ap=argparse.ArgumentParser(); ap.add_argument('--mode',default='naive'); ap.add_argument('--pages',type=int,default=50); ap.add_argument('--per',type=int,default=20)
    ap.add_argument('--urls',default='urls100.txt'); ap.add_argument('--port',type=int,default=8099); ap.add_argument('--settle',type=int,default=0); ap.add_argument('--scroll',type=int,default=0); a=ap.parse_args()
    random.seed(11); urls=[l.strip() for l in open(a.urls)][:a.pages]; rules=f'MAP *.test:80 127.0.0.1:{a.port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'
    C=collections.Counter(); bad=tot=0; amb=nest=allel=0; bysite=collections.defaultdict(lambda:[0,0]); ex=collections.defaultdict(list); rows=[]
    data=[]
    with sync_playwright() as p:
        br=p.chromium.launch(executable_path='/usr/bin/chromium',args=ARGS+['--host-resolver-rules='+rules,'--disable-features=HttpsUpgrades'])
        pg=br.new_context(viewport={'width':1280,'height':720}).new_page()
        for u in urls:
            try: pg.goto(u,wait_until='load',timeout=20000); a.settle and pg.wait_for_timeout(a.settle); a.scroll and (pg.evaluate(f'scrollBy({{top:{a.scroll},behavior:"instant"}})'),pg.wait_for_timeout(150)); els=pg.evaluate(MODES[a.mode]); png=pg.screenshot()
            except Exception as e: print('FAIL',u,str(e)[:80]); continue
            if not els: continue
            im=Image.open(io.BytesIO(png)).convert('RGB'); data.append((u,els))
            n=pg.evaluate('window.__els.length'); assert n==len(els),(u,n,len(els)); idx=list(range(len(els))); random.shuffle(idx); res=pg.evaluate(CHECK,idx)
            rows.append((u,els,res,im))
        # fill to pages*per: round-robin
        target=a.pages*a.per; take=[0]*len(rows); left=target
        while left>0 and any(take[k]<len(rows[k][2]) for k in range(len(rows))):
            for k in range(len(rows)):
                if left and take[k]<len(rows[k][2]): take[k]+=1; left-=1
        for k,(u,els,res,im) in enumerate(rows):
            site=u.split('/')[2].split('.')[0]
            for x in res[:take[k]]:
                e=els[x['i']]; b0=e['bbox']; f=x['f']
                if max(abs(b0[j]-x['b'][j]) for j in range(4))>2: f.append('moved_after_screenshot')
                c=[max(0,int(b0[0])),max(0,int(b0[1])),min(1280,int(b0[2]+.999)),min(720,int(b0[3]+.999))]
                if c[2]>c[0] and c[3]>c[1]:
                    if max(hi-lo for lo,hi in ImageStat.Stat(im.crop(c)).extrema)<=8: f.append('blank_pixels')
                hard=[z for z in f if not z.startswith('~')]
                C.update(f); tot+=1; bad+=bool(hard); bysite[site][0]+=1; bysite[site][1]+=bool(hard)
                for z in hard:
                    if len(ex[z])<3: ex[z].append((u,e['tag'],e['text'][:40],[round(v) for v in b0]))
            # ambiguity over every element of the page
            by=collections.defaultdict(list)
            for e in els: by[e['text'].strip().lower()].append(e['bbox'])
            for t,bs in by.items():
                for i,bx in enumerate(bs):
                    allel+=1; o=[y for j,y in enumerate(bs) if j!=i]
                    def iou(p,q):
                        w=max(0,min(p[2],q[2])-max(p[0],q[0]));h=max(0,min(p[3],q[3])-max(p[1],q[1])); s=w*h; return s/((p[2]-p[0])*(p[3]-p[1])+(q[2]-q[0])*(q[3]-q[1])-s+1e-9), s/max(1e-9,min((p[2]-p[0])*(p[3]-p[1]),(q[2]-q[0])*(q[3]-q[1])))
                    rel=[iou(bx,y) for y in o]
                    if any(r[1]>0.8 for r in rel): nest+=1
                    if any(r[1]<=0.8 for r in rel): amb+=1
        br.close()
    print(json.dumps({'mode':a.mode,'pages':len(rows),'sampled':tot,'invalid':bad,'validity_%':round(100*(1-bad/tot),2),'flags':dict(C.most_common()),
      'all_elements':allel,'ambiguous_same_text_elsewhere_%':round(100*amb/allel,1),'nested_duplicate_same_text_%':round(100*nest/allel,1),
      'by_site_invalid_%':{s:f'{100*v[1]/v[0]:.0f}% of {v[0]}' for s,v in sorted(bysite.items())}},indent=1))
    for k,v in ex.items(): print(k,v)
if __name__=='__main__': main()
