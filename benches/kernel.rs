use gainswarm::controllers::*; use gainswarm::costs::*; use gainswarm::integrators::*; use gainswarm::plants::*; use gainswarm::simulation::*;
use std::time::Instant;
fn main(){
    let dt=1e-3; let steps=8000;
    let s=Settings{dt,steps,angle_limit:std::f64::consts::FRAC_PI_2,track_limit:10.0,factors:Factors(std::array::from_fn(|k|{let (w,n)=CostKind::ALL[k].defaults(); dt*w/n})),surface:SurfaceKind::Relative,saturation:Saturation::Tanh,equivalent_control:true};
    let plant:Vec<f64>=<DoubleInvertedPendulum as Plant<_>>::PARAMETERS.iter().map(|p|p.default).collect();
    let k=Kernel::<DoubleInvertedPendulum,Classical,Rk4,_>::new(&plant,s);
    let v:Vec<f64>=Classical::PARAMETERS.iter().map(|p|p.default).collect();
    let sc=vec![Scenario{initial_state:vec![0.0,0.1,-0.05,0.0,0.0,0.0]},Scenario{initial_state:vec![0.0,0.2,0.25,0.0,0.0,0.0]}];
    let n=64; let values:Vec<f64>=(0..n).flat_map(|_|v.clone()).collect(); let bounds=vec![f64::INFINITY;n];
    for level in SimdLevel::available().take(3) {
        let mut ws=Workspace::reserve(k.workspace_bytes(level),k.lanes(level)).unwrap();
        let rec=Records::new(n*2);
        let mut best:f64=0.0;
        for _ in 0..if level==SimdLevel::Sse42{1}else{5} {
            let q=0.into();
            let t=Instant::now();
            k.run(level,&Batch{values:&values,width:v.len(),scenarios:&sc,bounds:&bounds,queue:&q,end:n*2,records:&rec},&mut ws);
            best=best.max((n*2*8000) as f64/t.elapsed().as_secs_f64()/1e6);
        }
        println!("{level:?} {best:.1} M/s {:?} {:?} used {} declared {} lanes {} per lane {}", rec.get(0).cost, rec.get(127).cost, ws.used_bytes(), k.workspace_bytes(level), k.lanes(level), ws.used_bytes() as f64/k.lanes(level) as f64);
        let (r,t)=k.record(level,&v,&sc[0],10).unwrap(); println!("{:?} {:?} {:?}", r, t.rows().nth(1).unwrap(), t.rows().last().unwrap());
    }
}
