#!/usr/bin/env python3
"""The peer: a straightforward crawler in Python with Playwright, in the manner of SeeClick and OS-Atlas.
  python bench_crawl.py --urls urls100.txt --contexts 1 --mode naive --out out/b1
Per page: goto(load) at 1280x720 -> extract boxes with JS -> PNG viewport screenshot -> one JSONL record.
Loopback only: every name but *.test is unresolvable (*.test -> 127.0.0.1:PORT; start serve.py first)."""
import argparse, asyncio, json, os, time, hashlib, statistics as st
from playwright.async_api import async_playwright
ARGS=['--no-sandbox','--disable-gpu','--disable-background-networking','--disable-component-update','--disable-sync','--no-first-run']
JS_NAIVE = r"""() => {           // 'all visible DOM elements', Playwright's own is_visible semantics
  const SEL='a,button,input,select,textarea,summary,label,img,[onclick],[role],[tabindex],[title],h1,h2,h3,h4,h5,h6,p,li,td,th,span,dt,dd,code,pre';
  const W=innerWidth,H=innerHeight,out=[]; window.__els=[];
  for (const el of document.querySelectorAll(SEL)) {
    const r=el.getBoundingClientRect();
    if (r.width<=0||r.height<=0) continue;
    const cs=getComputedStyle(el); if (cs.visibility!=='visible'||cs.display==='none') continue;
    if (r.right<=0||r.bottom<=0||r.left>=W||r.top>=H) continue;
    const t=(el.innerText||el.value||el.placeholder||el.getAttribute('aria-label')||el.alt||el.title||'').trim();
    if (!t||t.length>200) continue;
    window.__els.push(el);
    out.push({tag:el.tagName.toLowerCase(),role:el.getAttribute('role'),text:t,bbox:[r.left,r.top,r.right,r.bottom]});
  } return out; }"""
MODES={'naive':JS_NAIVE}
async def main():
    ap=argparse.ArgumentParser(); ap.add_argument('--urls',default='urls100.txt'); ap.add_argument('--contexts',type=int,default=1)
    ap.add_argument('--mode',default='naive'); ap.add_argument('--out',default='out/b'); ap.add_argument('--n',type=int,default=100)
    ap.add_argument('--port',type=int,default=8099); ap.add_argument('--shot',default='png',choices=['png','jpeg','none']); ap.add_argument('--settle',type=float,default=0.0)
    a=ap.parse_args(); urls=[l.strip() for l in open(a.urls) if l.strip()][:a.n]; os.makedirs(a.out,exist_ok=True)
    rules=f'MAP *.test:80 127.0.0.1:{a.port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'
    q=asyncio.Queue(); [q.put_nowait(u) for u in urls]; T={'goto':[],'extract':[],'shot':[]}; fail=[]; nel=0; nbytes=0
    f=open(os.path.join(a.out,'data.jsonl'),'w')
    async with async_playwright() as p:
        b=await p.chromium.launch(executable_path=os.environ.get('PEER_CHROMIUM','/usr/bin/chromium'),args=ARGS+['--host-resolver-rules='+rules,'--disable-features=HttpsUpgrades'])
        L0=os.getloadavg()[0]; t0=time.time()
        async def worker():
            nonlocal nel,nbytes
            ctx=await b.new_context(viewport={'width':1280,'height':720}); page=await ctx.new_page()
            while not q.empty():
                u=q.get_nowait()
                try:
                    t=time.time(); await page.goto(u,wait_until='load',timeout=15000); T['goto'].append(time.time()-t)
                    if a.settle: await asyncio.sleep(a.settle)
                    t=time.time(); els=await page.evaluate(MODES[a.mode]); T['extract'].append(time.time()-t)
                    t=time.time(); name=hashlib.md5(u.encode()).hexdigest()+'.'+a.shot
                    if a.shot!='none':
                        s=await page.screenshot(type=a.shot,path=os.path.join(a.out,name)); nbytes+=len(s)
                    T['shot'].append(time.time()-t); nel+=len(els)
                    f.write(json.dumps({'img_filename':name,'url':u,'img_size':[1280,720],'elements':els},ensure_ascii=False)+'\n')
                except Exception as e: fail.append((u,str(e)[:120]))
            await ctx.close()
        await asyncio.gather(*[worker() for _ in range(a.contexts)])
        wall=time.time()-t0; await b.close()
    ok=len(urls)-len(fail); ms=lambda k: f'{1000*st.mean(T[k]):.0f}/{1000*st.median(T[k]):.0f}/{1000*max(T[k]):.0f}'
    print(json.dumps({'mode':a.mode,'contexts':a.contexts,'shot':a.shot,'pages_ok':ok,'fail':len(fail),'wall_s':round(wall,1),'pages_per_s':round(ok/wall,2),
      'goto_ms(mean/med/max)':ms('goto'),'extract_ms':ms('extract'),'shot_ms':ms('shot'),'elements':nel,'MB':round(nbytes/1e6,1),'load_before':round(L0,1),'load_after':round(os.getloadavg()[0],1)}))
    for x in fail[:5]: print('FAIL',x)
if __name__=='__main__': asyncio.run(main())
